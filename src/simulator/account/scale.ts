/** Initial number of rows and id range of each object. */
import { hashText, mix } from "./random.ts";

export const SCALES = ["tiny", "small", "medium", "large"] as const;
export type Scale = (typeof SCALES)[number];

interface Size {
  /** Rows by scale, in the order of SCALES. */
  readonly rows: readonly [number, number, number, number];
  readonly firstId: number;
  /** Average distance of ids: Pardot shares them between accounts, so there are holes. */
  readonly stride: number;
}

const size = (rows: Size["rows"], firstId: number, stride: number): Size => ({ rows, firstId, stride });

export const SIZES: Readonly<Record<string, Size>> = {
  Account: size([1, 1, 1, 1], 770_001, 1),
  Campaign: size([12, 260, 600, 1_500], 4_100, 13),
  CustomField: size([0, 0, 0, 0], 9_000, 2),
  EmailClick: size([150, 3_000, 40_000, 400_000], 31_000_000, 17),
  Form: size([10, 240, 500, 1_200], 5_200, 9),
  List: size([9, 230, 600, 1_500], 7_300, 11),
  ListEmail: size([12, 60, 400, 2_000], 905_000, 23),
  ListMembership: size([700, 6_000, 100_000, 1_000_000], 150_000_000, 5),
  Opportunity: size([30, 900, 3_000, 20_000], 61_000, 7),
  Prospect: size([250, 2_500, 30_000, 300_000], 81_000_000, 9),
  ProspectAccount: size([40, 900, 4_000, 20_000], 2_200_000, 19),
  Tag: size([50, 1_200, 5_000, 20_000], 17_000, 4),
  TagObject: size([200, 4_000, 50_000, 500_000], 90_000_000, 3),
  User: size([3, 12, 40, 100], 501_000, 3),
  Visit: size([200, 2_000, 40_000, 600_000], 210_000_000, 3),
  Visitor: size([400, 4_000, 60_000, 600_000], 44_000_000, 11),
  VisitorActivity: size([1_000, 10_000, 200_000, 3_000_000], 650_000_000, 7),
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
  const { firstId, stride } = SIZES[object] ?? { firstId: 1000, stride: 3 };
  const salt = mix(seed, hashText(`id ${object}`));
  const idOf = (index: number): number => firstId + index * stride + (mix(salt, index) % stride);
  return {
    idOf,
    indexOf: (id) => {
      const index = Math.floor((id - firstId) / stride);
      return index >= 0 && idOf(index) === id ? index : -1;
    },
  };
}
