import { UserError } from "../model/user-error.ts";
import { DEVICE_MODELS, type DeviceModelName, deviceHost } from "./device.ts";
import { type HostModel, RECORDED } from "./host.ts";
import { hostileHost } from "./hostile.ts";
import { randomHost } from "./random.ts";

/** A `--host` that can't be had. */
export class HostError extends UserError {
  override readonly name = "HostError";
}

/** Names of hosts, for help. */
export const HOST_NAMES = ["recorded", "random[:SEED]", `device[:${Object.keys(DEVICE_MODELS).join("|")}]`, "hostile[:SEED]"] as const;

/**
 * The host that a text names: `recorded`; `random` and `hostile`, with a seed if one is given (1 without); `device`, with one of the models
 * of {@link DEVICE_MODELS} on each page that is accessed (a block of registers without). Throws a {@link HostError} that says what there is.
 */
export function hostOf(text: string): HostModel {
  const colon = text.indexOf(":");
  const name = colon < 0 ? text : text.slice(0, colon);
  const argument = colon < 0 ? undefined : text.slice(colon + 1);
  switch (name) {
    case "recorded":
      if (argument !== undefined) throw new HostError(`host ${text}: the recorded host takes nothing behind a colon`);
      return RECORDED;
    case "random":
      return randomHost(seedOf(text, argument));
    case "hostile":
      return hostileHost(seedOf(text, argument));
    case "device":
      return deviceHost(DEVICE_MODELS[modelOf(text, argument)], `device:${argument ?? "registers"}`);
    default:
      throw new HostError(`host ${text}: there is none of this name; there are ${HOST_NAMES.join(", ")}`);
  }
}

function seedOf(text: string, argument: string | undefined): number {
  if (argument === undefined) return 1;
  const seed = /^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(argument) ? Number(argument) : Number.NaN;
  if (!(seed <= 0xffff_ffff)) throw new HostError(`host ${text}: expected a seed from 0 to 4294967295 behind the colon`);
  return seed;
}

function modelOf(text: string, argument: string | undefined): DeviceModelName {
  const known = Object.keys(DEVICE_MODELS) as DeviceModelName[];
  const model = argument === undefined ? "registers" : known.find((each) => each === argument);
  if (model === undefined) throw new HostError(`host ${text}: there is no device model ${argument}; there are ${known.join(", ")}`);
  return model;
}
