/** Every object the simulator knows, in one list. A new one is a file of data beside these and a line here. */
import { ACCOUNT } from "./object-account.ts";
import { TAG } from "./object-tag.ts";
import { VISITOR_ACTIVITY } from "./object-visitor-activity.ts";
import type { ObjectModel } from "./model.ts";

export const OBJECTS: readonly ObjectModel[] = [ACCOUNT, TAG, VISITOR_ACTIVITY];
