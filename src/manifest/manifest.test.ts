import { expect, it } from "vitest";
import { manifestBytes } from "./manifest.ts";
import type { Manifest, ManifestFile } from "./manifest.ts";

const file = (key: string): ManifestFile => ({
  key,
  rows: 1,
  bytes: 2,
  sha256: "x",
  min_watermark: null,
  max_watermark: 'a "files": [] in a text, and an ü',
  export_id: null,
  read_at: "2026-03-20T09:30:00.000Z",
});

it("the bytes of a manifest are its indented JSON, however many files each object has", () => {
  const manifest = {
    format_version: 1,
    run_id: "r",
    objects: [
      { object: "Tag", files: [], windows: [] },
      { object: "Form", files: [file("Form/a.csv"), file("Form/b.csv")], windows: [{ from: "x", to: "y" }] },
      { object: "List", files: [file("List/a.csv")] },
    ],
    warnings: [{ code: "c", object: null, message: '"files": []' }],
    left_files: [file("Tag/l.csv")],
  } as unknown as Manifest;
  expect(new TextDecoder().decode(manifestBytes(manifest))).toBe(`${JSON.stringify(manifest, null, 2)}\n`);
});
