import { describe, expect, test } from "vitest";
import { NEVER, caught, harness, okBody } from "../../../test/kit/fakes/pardot.ts";
import { DataError } from "../../errors.ts";

const XML = `<?xml version="1.0" encoding="UTF-8"?>
<rsp stat="ok" version="1.0"><result>
  <field id="name" label="Name" required="true" custom="false" type="Text" has_options="false"/>
  <field id="Region_2" label="Region" required="false" custom="true" type="Dropdown" has_options="true">
    <option>North</option><option>South</option>
  </field>
</result></rsp>`;

describe("describe", () => {
  test("reads names and which fields are custom from the attributes, as XML and as JSON", async () => {
    const expected = [
      { name: "name", isCustom: false },
      { name: "Region_2", isCustom: true },
    ];
    const xml = harness({ steps: [{ body: XML }] });
    expect(await xml.pardot.describe("prospectAccount", NEVER)).toEqual(expected);
    expect(xml.api[0]?.url.href).toBe("https://pi.pardot.com/api/prospectAccount/version/4/do/describe?format=xml");
    expect(xml.pardot.calls.byKind).toEqual({ "prospectAccount describe": 1 });
    const field = [
      { "@attributes": { id: "name", custom: false } },
      { "@attributes": { id: "Region_2", custom: 1, option: ["North"] } },
    ];
    const json = harness({ steps: [{ body: okBody({ result: { field } }) }], config: { v4Format: "json" } });
    expect(await json.pardot.describe("prospectAccount", NEVER)).toEqual(expected);
  });

  test("one field alone is one field", async () => {
    const { pardot } = harness({ steps: [{ body: okBody({ result: { field: { "@attributes": { id: "name" } } } }) }] });
    expect(await pardot.describe("prospectAccount", NEVER)).toEqual([{ name: "name", isCustom: false }]);
  });

  test.each([
    ["no field at all", { result: null }],
    ["a field without an id", { result: { field: [{ "@attributes": { label: "Name" } }] } }],
  ])("refuses %s: every column would be taken for vanished", async (_, rest) => {
    const { pardot } = harness({ steps: [{ body: okBody(rest) }] });
    const error = await caught(pardot.describe("prospectAccount", NEVER));
    expect(error).toBeInstanceOf(DataError);
    expect(error).toMatchObject({ code: "pardot.unexpected-shape" });
  });
});
