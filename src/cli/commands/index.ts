import type { ArgumentSpec, CommandSpec } from "../command.ts";

const OBJECTS_ARGUMENT: ArgumentSpec = {
  name: "object",
  meaning: "names of objects",
  isVariadic: true,
  isRequired: false,
};

/** The table of commands: it feeds the command line, its help, docs/commands.md and their tests. */
export const COMMANDS: readonly CommandSpec[] = [
  {
    name: "objects",
    summary: "lists the catalogue: objects, how each is read, columns; with names, each in full",
    arguments: [OBJECTS_ARGUMENT],
    options: [],
    load: () => import("./objects.ts"),
  },
];
