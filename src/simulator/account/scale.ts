/** Initial number of rows and id range of each object. */
import { EMAIL_ID_STEP, FIRST_EMAIL_ID } from "./email-sends.ts";
import { hashText, mix } from "./random.ts";

export const SCALES = ["tiny", "small", "medium", "large"] as const;
export type Scale = (typeof SCALES)[number];

interface Size {
  /** Rows by scale, in the order of SCALES. */
  readonly rows: readonly [number, number, number, number];
  readonly firstId: number;
  /** Average distance of ids: Pardot shares them between accounts, so there are holes. */
  readonly stride: number;
  /** Ids are exactly `stride` apart. */
  readonly isEven?: true;
}

const size = (rows: Size["rows"], firstId: number, stride: number): Size => ({ rows, firstId, stride });

export const SIZES: Readonly<Record<string, Size>> = {
  Account: size([1, 1, 1, 1], 770_001, 1),
  BulkAction: size([8, 30, 100, 400], 3_100, 7),
  Campaign: size([12, 260, 600, 1_500], 4_100, 13),
  CustomField: size([0, 0, 0, 0], 9_000, 2),
  CustomRedirect: size([14, 120, 600, 3_000], 12_000, 9),
  DynamicContent: size([8, 60, 200, 800], 21_000, 5),
  DynamicContentVariation: size([20, 150, 600, 2_400], 64_000, 3),
  // One row per send of an activity, so the number is not free.
  Email: { ...size([0, 0, 0, 0], FIRST_EMAIL_ID, EMAIL_ID_STEP), isEven: true },
  EmailClick: size([150, 3_000, 40_000, 400_000], 31_000_000, 17),
  EmailTemplate: size([16, 120, 500, 2_000], 33_000, 7),
  EngagementStudioProgram: size([6, 40, 150, 500], 27_000, 11),
  ExternalActivity: size([60, 800, 10_000, 100_000], 120_000_000, 5),
  File: size([12, 90, 400, 2_000], 41_000, 7),
  Folder: size([12, 80, 300, 900], 52_000, 5),
  FolderContent: size([40, 400, 2_000, 8_000], 58_000, 3),
  Form: size([10, 240, 500, 1_200], 5_200, 9),
  FormField: size([50, 900, 2_500, 8_000], 71_000, 5),
  FormHandler: size([8, 60, 200, 600], 37_000, 9),
  FormHandlerField: size([30, 240, 900, 3_000], 78_000, 5),
  Import: size([8, 30, 100, 400], 5_600, 7),
  LandingPage: size([12, 90, 300, 1_000], 19_000, 11),
  LayoutTemplate: size([6, 30, 80, 200], 8_800, 9),
  LifecycleHistory: size([150, 1_500, 30_000, 300_000], 170_000_000, 7),
  LifecycleStage: size([6, 8, 10, 12], 2_600, 13),
  List: size([9, 230, 600, 1_500], 7_300, 11),
  ListEmail: size([12, 60, 400, 2_000], 905_000, 23),
  ListMembership: size([700, 6_000, 100_000, 1_000_000], 150_000_000, 5),
  Opportunity: size([30, 900, 3_000, 20_000], 61_000, 7),
  Prospect: size([250, 2_500, 30_000, 300_000], 81_000_000, 9),
  ProspectAccount: size([40, 900, 4_000, 20_000], 2_200_000, 19),
  Tag: size([50, 1_200, 5_000, 20_000], 17_000, 4),
  TagObject: size([200, 4_000, 50_000, 500_000], 90_000_000, 3),
  TrackerDomain: size([3, 5, 8, 12], 1_700, 17),
  User: size([3, 12, 40, 100], 501_000, 3),
  Visit: size([200, 2_000, 40_000, 600_000], 210_000_000, 3),
  Visitor: size([400, 4_000, 60_000, 600_000], 44_000_000, 11),
  VisitorActivity: size([1_000, 10_000, 200_000, 3_000_000], 650_000_000, 7),
  VisitorPageView: size([300, 3_000, 80_000, 1_000_000], 310_000_000, 5),
};

/** Maximum initial rows of an object. */
export const ROWS_MAX = 20_000_000;

export function rowsAtScale(object: string, scale: Scale): number {
  return SIZES[object]?.rows[SCALES.indexOf(scale)] ?? 0;
}

/** Ids of one object: strictly ascending with the row's index, with holes, the same for the same seed. */
export interface IdSpace {
  idOf(index: number): number;
  /** Index of the row with this id, -1 if no row can have it. */
  indexOf(id: number): number;
}

export function idSpace(object: string, seed: number): IdSpace {
  const { firstId, stride, isEven = false } = SIZES[object] ?? size([0, 0, 0, 0], 1000, 3);
  const salt = mix(seed, hashText(`id ${object}`));
  const idOf = (index: number): number => firstId + index * stride + (isEven ? 0 : mix(salt, index) % stride);
  return {
    idOf,
    indexOf: (id) => {
      const index = Math.floor((id - firstId) / stride);
      return index >= 0 && idOf(index) === id ? index : -1;
    },
  };
}
