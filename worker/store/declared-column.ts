/**
 * A column that holds what an operator declared, as JSON. It is read as this version knows it: what an older
 * version wrote lacks what came later, and gets its default here, so that nothing beyond has to know.
 *
 * @module
 */
import { customType } from "drizzle-orm/sqlite-core";

/** @param parse of the contract; what was stored was checked, so it throws only on what somebody else wrote */
export function declared<T>(parse: (value: unknown) => T) {
  return customType<{ data: T; driverData: string }>({
    dataType: () => "text",
    fromDriver: (text) => parse(JSON.parse(text) as unknown),
    toDriver: (value) => JSON.stringify(value),
  });
}
