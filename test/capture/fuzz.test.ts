import { expect, test } from "vitest";
import { fuzzPackets, fuzzSessions } from "./fuzz.ts";

const SEED = Math.floor(Math.random() * 2 ** 31);

test(`damaged packets (seed ${SEED})`, () => expect(fuzzPackets(20_000, SEED)).toMatch(/packet \d+/));

test(`stubs that answer garbage (seed ${SEED})`, async () => expect(await fuzzSessions(150, SEED)).toMatch(/^whole \d+, one line \d+/));
