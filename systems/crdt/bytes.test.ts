import fc from "fast-check";
import { expect, it } from "vitest";
import { ByteReader, ByteWriter } from "./bytes.ts";

it("reads back any text, short or long, ASCII or not", () => {
  const text = fc.oneof(
    fc.string({ maxLength: 80 }),
    fc.string({ unit: "binary", maxLength: 80 }),
    fc.nat(5_000).map((length) => "seedbed ".repeat(length).slice(0, length)),
  );
  fc.assert(
    fc.property(fc.array(text, { maxLength: 5 }), (values) => {
      const writer = new ByteWriter();
      for (const value of values) writer.text(value);
      const reader = new ByteReader(writer.finish());
      expect(values.map(() => reader.text("a text"))).toEqual(values);
      reader.end();
    }),
  );
});

it("writes a name once, however many there are", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(30), { maxLength: 100 }), (numbers) => {
      const names = numbers.map((number) => `actor${number}`);
      const writer = new ByteWriter();
      for (const name of names) writer.name(name);
      const bytes = writer.finish();
      const sizes = [...new Set(names)].reduce((sum, name) => sum + 1 + name.length, 0);
      expect(bytes.length).toBe(names.length + sizes);
      const reader = new ByteReader(bytes);
      expect(names.map(() => reader.name("a name"))).toEqual(names);
    }),
  );
});

it("refuses a name that is written out twice, among few names and among many", () => {
  for (const count of [1, 7, 8, 9, 40]) {
    const writer = new ByteWriter();
    for (let i = 0; i < count; i++) writer.name(`actor${i}`);
    writer.uint(count);
    writer.text("actor0");
    const reader = new ByteReader(writer.finish());
    for (let i = 0; i < count; i++) reader.name("a name");
    expect(() => reader.name("a name")).toThrow("is written out twice");
  }
});

it("reads back floats between other things, across the growth of the buffer", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true }), { maxLength: 40 }), (values) => {
      const writer = new ByteWriter(1);
      for (const value of values) {
        writer.byte(7);
        writer.float(value);
      }
      const reader = new ByteReader(writer.finish());
      for (const value of values) {
        expect(reader.byte("a byte")).toBe(7);
        expect(Object.is(reader.float("a float"), value)).toBe(true);
      }
    }),
  );
});
