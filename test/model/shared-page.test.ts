// Each way in which rust-sel4's bug could come back, and each way around the rule that came out of it: fill, call, drain.
import { describe, expect, test } from "vitest";
import { type PageReader, type PageWriter, SharedPages } from "../../src/model/shared-page.ts";

const LENGTH = 64;

function pagesOf(memory = new Uint8Array(LENGTH)): SharedPages<"page"> {
  return new SharedPages("test page", { page: memory });
}

/** A call that answers `value` at byte 8. */
function answer(value: number): (memory: { page: { [offset: number]: number } }) => void {
  return ({ page }) => {
    page[8] = value;
  };
}

describe("fill, call, drain", () => {
  test("values come from the page as the other side left it, never from what was written", () => {
    const pages = pagesOf();
    pages.fill(({ page }) => page.write(8, 1, 0x11n));
    pages.call(answer(0x22));
    expect(pages.drain(({ page }) => page.read(8, 1))).toBe(0x22n);
  });

  test("integers are little-endian and cut to their size", () => {
    const memory = new Uint8Array(LENGTH);
    const pages = pagesOf(memory);
    pages.fill(({ page }) => page.write(4, 4, 0x99_8877_6655n));
    expect([...memory.subarray(3, 9)]).toEqual([0, 0x55, 0x66, 0x77, 0x88, 0]);
    pages.call(() => {});
    expect(pages.drain(({ page }) => page.read(4, 4))).toBe(0x8877_6655n);
  });

  test("copy puts bytes where they belong", () => {
    const memory = new Uint8Array(LENGTH);
    pagesOf(memory).fill(({ page }) => page.copy(60, Uint8Array.of(1, 2, 3, 4)));
    expect([...memory.subarray(59)]).toEqual([0, 1, 2, 3, 4]);
  });

  test("the result of a call is handed on", () => {
    const pages = pagesOf();
    pages.fill(() => {});
    expect(pages.call(() => "status")).toBe("status");
  });

  test("one drain for each call, one call for each fill, any number of rounds", () => {
    const pages = pagesOf();
    for (const value of [1, 2, 3]) {
      pages.fill(({ page }) => page.write(8, 1, 0n));
      pages.call(answer(value));
      expect(pages.drain(({ page }) => page.read(8, 1))).toBe(BigInt(value));
    }
  });

  test("several pages share one set of scopes", () => {
    const pages = new SharedPages("pair", { input: new Uint8Array(8), output: new Uint8Array(8) });
    pages.fill(({ input }) => input.write(0, 1, 5n));
    pages.call(({ input, output }) => {
      output[0] = input[0]! + 1;
    });
    expect(pages.drain(({ output }) => output.read(0, 1))).toBe(6n);
  });
});

describe("a call inside an open scope, or a second open scope, fails and names the open one", () => {
  const open = {
    fill: (pages: SharedPages<"page">, body: () => void) => pages.fill(body),
    call: (pages: SharedPages<"page">, body: () => void) => {
      pages.fill(() => {});
      pages.call(body);
    },
    drain: (pages: SharedPages<"page">, body: () => void) => {
      pages.fill(() => {});
      pages.call(() => {});
      pages.drain(body);
    },
  };
  const inner = {
    fill: (pages: SharedPages<"page">) => pages.fill(() => {}),
    call: (pages: SharedPages<"page">) => pages.call(() => {}),
    drain: (pages: SharedPages<"page">) => pages.drain(() => {}),
  };
  for (const outerName of ["fill", "call", "drain"] as const) {
    for (const innerName of ["fill", "call", "drain"] as const) {
      test(`${innerName} inside ${outerName}`, () => {
        const pages = pagesOf();
        expect(() => open[outerName](pages, () => inner[innerName](pages))).toThrow(
          `test page: a ${innerName} scope can't open while a ${outerName} scope is open: end the ${outerName} scope first`,
        );
      });
    }
  }

  test("a scope that threw is closed", () => {
    const pages = pagesOf();
    expect(() =>
      pages.fill(() => {
        throw new Error("mine");
      }),
    ).toThrow("mine");
    expect(() => pages.call(() => {})).toThrow("fill the pages first");
    pages.fill(() => {});
    pages.call(() => {});
    expect(pages.drain(() => 1)).toBe(1);
  });
});

describe("the order can't be changed", () => {
  test("no call without a request", () => {
    expect(() => pagesOf().call(() => {})).toThrow("test page: a call needs a request: fill the pages first");
  });

  test("no second call with the same request: the other side may have changed it", () => {
    const pages = pagesOf();
    pages.fill(() => {});
    pages.call(() => {});
    expect(() => pages.call(() => {})).toThrow("once for each call");
  });

  test("nothing to drain before a call", () => {
    const pages = pagesOf();
    expect(() => pages.drain(() => {})).toThrow("the pages hold no answer of a call");
    pages.fill(() => {});
    expect(() => pages.drain(() => {})).toThrow("a request that no call was made with");
  });

  test("nothing to drain after a fill that follows the call", () => {
    const pages = pagesOf();
    pages.fill(() => {});
    pages.call(() => {});
    pages.fill(() => {});
    expect(() => pages.drain(() => {})).toThrow("a request that no call was made with");
  });

  test("nothing to drain twice", () => {
    const pages = pagesOf();
    pages.fill(() => {});
    pages.call(() => {});
    pages.drain(() => {});
    expect(() => pages.drain(() => {})).toThrow("the pages hold no answer of a call");
  });

  test("nothing to drain after a call that threw", () => {
    const pages = pagesOf();
    pages.fill(() => {});
    expect(() =>
      pages.call(() => {
        throw new Error("away");
      }),
    ).toThrow("away");
    expect(() => pages.drain(() => {})).toThrow("the pages hold no answer of a call");
  });
});

describe("what a scope gives out ends with it", () => {
  test("a writer kept over the end of its fill scope", () => {
    const pages = pagesOf();
    let kept: PageWriter | undefined;
    pages.fill(({ page }) => {
      kept = page;
    });
    expect(() => kept!.write(0, 1, 1n)).toThrow("test page: this page was given out by a fill scope, which has ended");
    pages.call(() => expect(() => kept!.copy(0, Uint8Array.of(1))).toThrow("fill scope, which has ended"));
  });

  test("a reader kept over the end of its drain scope, and used in a later one", () => {
    const pages = pagesOf();
    let kept: PageReader | undefined;
    const round = (drain: (pages: { page: PageReader }) => void) => {
      pages.fill(() => {});
      pages.call(() => {});
      pages.drain(drain);
    };
    round(({ page }) => {
      kept = page;
    });
    round(() => expect(() => kept!.read(0, 1)).toThrow("drain scope, which has ended"));
  });

  test("an asynchronous scope would go on after its end", () => {
    const pages = pagesOf();
    expect(() => pages.fill(() => Promise.resolve() as never)).toThrow("test page: the fill scope was given an asynchronous function");
  });
});

describe("memory that changes by itself", () => {
  test("each byte is fetched once", () => {
    let fetches = 0;
    const memory = new Proxy(new Uint8Array(LENGTH), {
      get: (target, key) => (typeof key === "string" && /^\d+$/.test(key) ? fetches++ : Reflect.get(target, key, target)),
    });
    const pages = pagesOf(memory);
    pages.fill(() => {});
    pages.call(() => {});
    expect(pages.drain(({ page }) => page.read(0, 4))).toBe(0x0302_0100n);
    expect(fetches).toBe(4);
  });

  test("a second fetch is a bug, in whatever size", () => {
    const pages = pagesOf();
    pages.fill(() => {});
    pages.call(() => {});
    pages.drain(({ page }) => {
      page.read(8, 4);
      expect(() => page.read(8, 4)).toThrow("test page: byte 8 is read a second time, and may have changed: keep the first copy");
      expect(() => page.read(4, 8)).toThrow("byte 8 is read a second time");
    });
  });

  test("a byte that the other side makes wider than a byte is cut", () => {
    const memory = { length: 4, 0: 0x1ff, 1: -1, 2: 0, 3: 0 };
    const pages = new SharedPages("odd", { page: memory });
    pages.fill(() => {});
    pages.call(() => {});
    expect(pages.drain(({ page }) => page.read(0, 2))).toBe(0xffffn);
  });
});

test("no access outside of the page", () => {
  const pages = pagesOf();
  pages.fill(({ page }) => {
    expect(() => page.write(LENGTH - 3, 4, 0n)).toThrow("bytes 61 to 65 do not lie in a page of 64 bytes");
    expect(() => page.copy(-1, Uint8Array.of(0))).toThrow("bytes -1 to 0 do not lie");
  });
  pages.call(() => {});
  pages.drain(({ page }) => expect(() => page.read(LENGTH, 1)).toThrow("bytes 64 to 65 do not lie"));
});
