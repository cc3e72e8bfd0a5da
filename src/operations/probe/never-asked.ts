import type { Question } from "./question.ts";

/** Questions that stay open, because testing them would cost quota, disturb others, change data or take hours. */
export const NEVER_ASKED: readonly (Pick<Question, "id" | "asks"> & { readonly why: string })[] = [
  {
    id: "limit.concurrent",
    asks: "Which status and body has code 66, more than five requests at a time?",
    why: "It would block other integrations. Runs report the code when they get it.",
  },
  {
    id: "limit.day",
    asks: "Which status and body has code 122, the day's limit?",
    why: "It would use up the quota of other integrations. Runs report the code when they get it.",
  },
  {
    id: "limit.time",
    asks: "Which status and body has code 214, a request that takes too long?",
    why: "It would put load on Pardot's database. Runs report the code when they get it.",
  },
  {
    id: "access.business-unit",
    asks: "Which status has code 201, another business unit or host?",
    why: "Calls go to the configured business unit and host only.",
  },
  {
    id: "pages.token-life",
    asks: "How long does a page token live, and how many records has its sequence?",
    why: "It takes four hours, or 100,000 records.",
  },
  {
    id: "Prospect.watermark",
    asks: "Does a prospect's score or last activity move without updatedAt?",
    why: "It needs two reads with an activity between them, and their values.",
  },
  {
    id: "v5.export-relations",
    asks: "Can an export of v5 have fields of related records, and what are they called in its files?",
    why: "A probe creates two exports at most.",
  },
];
