import type { ManifestObject } from "./manifest.ts";

/** Objects of a manifest that the next run reads, and the one reason for all of them. */
export interface PostponedObjects {
  readonly objects: readonly string[];
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

/** What a limit, a stop request or another object kept, each reason once: forty lines of one limit say nothing more. */
export function postponedOf(objects: readonly ManifestObject[]): readonly PostponedObjects[] {
  const groups = new Map<string, { objects: string[]; code: string; message: string; hint: string | null }>();
  for (const { object, status, error } of objects) {
    if (error === null || (status !== "postponed" && status !== "waiting")) continue;
    const { code, message, hint } = error;
    const group = groups.get(code) ?? { objects: [], code, message, hint };
    group.objects.push(object);
    groups.set(code, group);
  }
  return [...groups.values()];
}

/** Records that were set aside in a run. Manifests of earlier versions count none. */
export function rejectedRows(objects: readonly ManifestObject[]): number {
  return objects.reduce((sum, object) => sum + (object.rejected_rows ?? 0), 0);
}
