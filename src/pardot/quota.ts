/** The account's quota, from the usage headers of responses. */
export interface Quota {
  /** Notes that a call is sent. The returned function takes the usage header of the response, undefined for none. */
  sent(): (header: string | undefined) => void;
  /** The last reported usage, plus every call sent that it cannot include yet; null before the first report. */
  readonly usage: { readonly used: number; readonly max: number } | null;
}

export function createQuota(): Quota {
  let last = 0;
  const inFlight = new Set<number>();
  let reported: { readonly used: number; readonly max: number; readonly call: number } | null = null;
  return {
    sent: () => {
      last += 1;
      const call = last;
      inFlight.add(call);
      return (header) => {
        inFlight.delete(call);
        const usage = usageIn(header);
        if (usage === null) return;
        // Responses may overtake each other: an older call's counts only if it reports more.
        if (reported === null || call > reported.call) reported = { ...usage, call };
        else if (usage.used > reported.used) reported = { ...usage, call: reported.call };
      };
    },
    get usage() {
      if (reported === null) return null;
      const { used, max, call } = reported;
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
