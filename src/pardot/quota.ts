/** The account's quota by what the API says of it. */
export interface Quota {
  /** To be called when a call is sent. What it answers takes the usage header of the answer, undefined for none. */
  sent(): (header: string | undefined) => void;
  /** What the API last said, and every call sent that it cannot have counted by then; null while it has said nothing. */
  readonly usage: { readonly used: number; readonly max: number } | null;
}

export function createQuota(): Quota {
  let last = 0;
  const inFlight = new Set<number>();
  let told: { readonly used: number; readonly max: number; readonly call: number } | null = null;
  return {
    sent: () => {
      last += 1;
      const call = last;
      inFlight.add(call);
      return (header) => {
        inFlight.delete(call);
        const usage = usageIn(header);
        if (usage === null) return;
        // Answers overtake each other: an older call's counts only if it knows of more.
        if (told === null || call > told.call) told = { ...usage, call };
        else if (usage.used > told.used) told = { ...usage, call: told.call };
      };
    },
    get usage() {
      if (told === null) return null;
      const { used, max, call } = told;
      const overtaken = [...inFlight].filter((other) => other < call).length;
      return { used: used + (last - call) + overtaken, max };
    },
  };
}

/** `used/max`, read leniently: the form is documented for v5 only, and not exactly. */
function usageIn(header: string | undefined): { readonly used: number; readonly max: number } | null {
  const match = /(\d{1,12})\s*\/\s*(\d{1,12})/.exec((header ?? "").replaceAll(",", ""));
  return match === null ? null : { used: Number(match[1]), max: Number(match[2]) };
}
