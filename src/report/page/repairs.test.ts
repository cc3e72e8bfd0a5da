import { describe, expect, it } from "vitest";
import { inspectionOf, repairOf } from "./repairs.ts";

describe("the command that repairs", () => {
  it.each<readonly [string, number | null, string]>([
    ["export.timed-out", 5, "pardot-etl run"],
    ["limit.call-budget", 4, "pardot-etl run"],
    ["run.cancelled", 130, "pardot-etl run"],
    ["auth.client-secret-wrong", 3, "pardot-etl check"],
    ["config.invalid", 2, "pardot-etl check"],
    ["storage.denied", 7, "pardot-etl check"],
    ["warehouse.table-missing", 7, "pardot-etl ddl Tag"],
    ["state.missing", 6, "pardot-etl run --full"],
    ["lease.held", 8, "pardot-etl status"],
  ])("%s with exit code %s is %s", (code, exitCode, command) => {
    expect(repairOf(code, exitCode, ["Tag"])).toBe(command);
  });
});

describe("the command that shows more about a warning", () => {
  it.each<readonly [string, string | null]>([
    ["fields.appeared", "pardot-etl ddl Tag --live"],
    ["fields.refused", "pardot-etl objects Tag --live"],
    ["warehouse.column-missing-in-table", "pardot-etl ddl Tag --diff"],
    ["warehouse.table-empty", "pardot-etl verify"],
    ["manifest.damaged", "pardot-etl verify"],
    ["auth.token-rotated", "pardot-etl check"],
    ["run.gap", "pardot-etl run"],
    ["data.total-differs", null],
  ])("%s is %s", (code, command) => {
    expect(inspectionOf(code, ["Tag"])).toBe(command);
  });
});
