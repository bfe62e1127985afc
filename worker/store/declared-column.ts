/**
 * A column that holds what an operator declared, as JSON. It is read as this version knows it: what an older
 * version wrote lacks what came later, and gets its default here, so that nothing beyond has to know.
 *
 * @module
 */
import { customType } from "drizzle-orm/sqlite-core";

/** Texts of one column whose meaning is remembered: the same stack is read again and again. */
const REMEMBERED = 100;

/** @param parse of the contract; what was stored was checked, so it throws only on what somebody else wrote */
export function declared<T>(parse: (value: unknown) => T) {
  const remembered = new Map<string, T>();
  return customType<{ data: T; driverData: string }>({
    dataType: () => "text",
    // Nobody changes what was read, so who reads the same text may be given the same value.
    fromDriver: (text) => {
      const known = remembered.get(text);
      if (known !== undefined) return known;
      const value = parse(JSON.parse(text) as unknown);
      const [oldest] = remembered.keys();
      if (oldest !== undefined && remembered.size >= REMEMBERED) remembered.delete(oldest);
      remembered.set(text, value);
      return value;
    },
    toDriver: (value) => JSON.stringify(value),
  });
}
