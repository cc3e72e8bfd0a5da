import type { Dice } from "./dice.ts";
import type { Fault } from "./faulty-transport.ts";

/** Whether it is a page of a collection of API v5. */
export function isPageOfV5({ pathname }: URL): boolean {
  return /^\/api\/v5\/(?:objects\/)?[a-z-]+$/.test(pathname) && !/\/(?:account|exports)$/.test(pathname);
}

/** One warning more: the page's own stays, because 203 says that it is not the last. */
const withHiddenValues: NonNullable<Fault["spoil"]> = (response) => {
  const { "pardot-warning": warning } = response.headers;
  const hidden = "202;Some values are hidden.";
  const all = warning === undefined ? hidden : `${warning}, ${hidden}`;
  return { ...response, headers: { ...response.headers, "pardot-warning": all } };
};

/**
 * A fault that only pages of v5 have, or that they have in their own way. The refused field is the key: without it nothing
 * can be read, and nothing is remembered. `pageLimit`: the largest page that is requested.
 */
export function faultOfV5({ searchParams }: URL, pageLimit: number, dice: Dice): Fault {
  const anyPage: Fault[] = [
    { name: "v5 sequence end (203)", rule: { sequenceEnd: true } },
    { name: "v5 unknown field (51)", rule: { unknownField: "id" } },
    { name: "v5 504 above half a page", rule: { status: 504, limitAbove: Math.floor(pageLimit / 2) } },
    { name: "v5 504", rule: { status: 504 } },
    { name: "v5 429", rule: { status: 429, headers: { "Retry-After": "2" } } },
    { name: "v5 code 66", rule: { code: 66 } },
    { name: "v5 empty page with a token", rule: { emptyPage: true } },
    { name: "v5 short page with a token", rule: { shortPage: 1 + dice.below(pageLimit) } },
    { name: "v5 warning 202", spoil: withHiddenValues },
  ];
  const withToken: Fault[] = [
    ...Array.from({ length: 6 }, () => ({ name: "v5 expired page token (210)", rule: { expiredPageToken: true } })),
    { name: "v5 page token not accepted (211)", rule: { code: 211 } },
    { name: "v5 504", rule: { status: 504 } },
  ];
  return dice.pick([...anyPage, ...(searchParams.has("nextPageToken") ? withToken : [])]);
}
