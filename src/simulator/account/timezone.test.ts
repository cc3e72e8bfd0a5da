import { describe, expect, test } from "vitest";
import { timezoneOf } from "./timezone.ts";

const second = (iso: string): number => Date.parse(iso) / 1000;

describe("a time zone", () => {
  test.each([
    ["UTC", "2026-03-20T09:30:00Z", "2026-03-20 09:30:00"],
    ["America/New_York", "2026-03-08T06:59:59Z", "2026-03-08 01:59:59"],
    ["America/New_York", "2026-03-08T07:00:00Z", "2026-03-08 03:00:00"],
    ["Australia/Lord_Howe", "2025-04-05T14:59:59Z", "2025-04-06 01:59:59"],
    ["Australia/Lord_Howe", "2025-04-05T15:00:00Z", "2025-04-06 01:30:00"],
    ["Asia/Kathmandu", "2026-01-01T00:00:00Z", "2026-01-01 05:45:00"],
  ])("%s shows %s as %s", (name, instant, text) => {
    expect(timezoneOf(name).text(second(instant))).toBe(text);
  });

  test("reads an ambiguous autumn time as the requested pass, with whole and half hours", () => {
    const newYork = timezoneOf("America/New_York");
    const local = second("2025-11-02T01:30:00Z");
    expect(newYork.fromLocal(local, "first")).toBe(second("2025-11-02T05:30:00Z"));
    expect(newYork.fromLocal(local, "second")).toBe(second("2025-11-02T06:30:00Z"));
    const lordHowe = timezoneOf("Australia/Lord_Howe");
    const half = second("2025-04-06T01:45:00Z");
    expect(lordHowe.fromLocal(half, "second") - lordHowe.fromLocal(half, "first")).toBe(1_800);
  });

  test("moves a time in the spring gap forward by the gap", () => {
    const zone = timezoneOf("America/New_York");
    expect(zone.text(zone.fromLocal(second("2026-03-08T02:30:00Z"), "first"))).toBe("2026-03-08 03:30:00");
  });

  test("agrees with the runtime for two years of New York, hour by hour", () => {
    const zone = timezoneOf("America/New_York");
    const format = new Intl.DateTimeFormat("sv-SE", { timeZone: zone.name, dateStyle: "short", timeStyle: "medium" });
    const from = second("2024-06-01T00:00:00Z");
    for (let hour = 0; hour < 2 * 365 * 24; hour += 1) {
      const at = from + hour * 3_600 + 17;
      if (zone.text(at) !== format.format(at * 1000)) expect(zone.text(at)).toBe(format.format(at * 1000));
    }
  });

  test("converts to local time and back without loss outside the ambiguous hour", () => {
    const zone = timezoneOf("Europe/Berlin");
    for (let at = second("2025-10-25T00:00:00Z"); at < second("2025-10-28T00:00:00Z"); at += 900) {
      const passes = [zone.fromLocal(zone.toLocal(at), "first"), zone.fromLocal(zone.toLocal(at), "second")];
      expect(passes).toContain(at);
    }
  });
});
