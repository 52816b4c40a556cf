import type { DeviceModel } from "./model.ts";

/** Offsets, Virtual I/O Device (VIRTIO) 1.2, section 4.2.2. */
const REGISTER = {
  magic: 0x000,
  version: 0x004,
  device: 0x008,
  vendor: 0x00c,
  deviceFeatures: 0x010,
  deviceFeaturesSelect: 0x014,
  driverFeatures: 0x020,
  driverFeaturesSelect: 0x024,
  queueSelect: 0x030,
  queueSizeLimit: 0x034,
  queueSize: 0x038,
  queueReady: 0x044,
  queueNotify: 0x050,
  interruptStatus: 0x060,
  interruptAcknowledge: 0x064,
  status: 0x070,
  generation: 0x0fc,
  configuration: 0x100,
} as const;
/** Addresses of descriptors, driver area and device area, low and high words. */
const QUEUE_ADDRESSES: ReadonlySet<number> = new Set([0x080, 0x084, 0x090, 0x094, 0x0a0, 0x0a4]);

const MAGIC = 0x7472_6976n;
/** Section 6: VIRTIO_F_VERSION_1. */
const VERSION_1 = 1n << 32n;
/** Section 2.1. */
const FEATURES_OK = 8n;
/** Section 4.2.2: bit 0, used buffer notification. */
const USED_BUFFER = 1n;

/** What of a virtio-mmio device is chosen. */
export interface VirtioMmioOptions {
  /** 1 network, 2 block, 3 console, 4 entropy (section 5). */
  readonly device?: number;
  /** What it offers besides VIRTIO_F_VERSION_1. */
  readonly features?: bigint;
  readonly queues?: number;
  /** Its configuration space, from offset 0x100. */
  readonly configuration?: Uint8Array;
}

interface Queue {
  size: bigint;
  ready: boolean;
  readonly addresses: Map<number, bigint>;
}

/** The registers of a virtio device on MMIO: negotiation and queue set-up. A notified queue is at once done with. */
export class VirtioMmio implements DeviceModel {
  readonly name = "virtio-mmio";
  readonly size = 0x200;
  /** Queues that were notified, in order. */
  readonly notified: number[] = [];
  readonly #device: bigint;
  readonly #features: bigint;
  readonly #count: number;
  readonly #configuration: Uint8Array;
  #queues: Queue[] = [];
  #accepted = 0n;
  #selectors = { device: 0n, driver: 0n, queue: 0n };
  #interrupts = 0n;
  #status = 0n;

  constructor({ device = 4, features = 0n, queues = 1, configuration = new Uint8Array(0) }: VirtioMmioOptions = {}) {
    this.#device = BigInt(device);
    this.#features = features | VERSION_1;
    this.#count = queues;
    this.#configuration = configuration;
    this.#reset();
  }

  read(offset: number, size: number): bigint {
    if (offset >= REGISTER.configuration) return this.#readConfiguration(offset - REGISTER.configuration, size);
    // Section 4.2.2.2: all other registers are 32 bits wide and aligned.
    if (size !== 4) return 0n;
    const queue = this.#queue;
    switch (offset) {
      case REGISTER.magic:
        return MAGIC;
      case REGISTER.version:
        return 2n;
      case REGISTER.device:
        return this.#device;
      case REGISTER.vendor:
        return 0x4c50_5254n;
      case REGISTER.deviceFeatures:
        return wordOf(this.#features, this.#selectors.device);
      case REGISTER.queueSizeLimit:
        return queue === undefined ? 0n : 256n;
      case REGISTER.queueReady:
        return queue?.ready ? 1n : 0n;
      case REGISTER.interruptStatus:
        return this.#interrupts;
      case REGISTER.status:
        return this.#status;
      default:
        return 0n;
    }
  }

  write(offset: number, size: number, value: bigint): void {
    if (offset >= REGISTER.configuration || size !== 4) return;
    const queue = this.#queue;
    switch (offset) {
      case REGISTER.deviceFeaturesSelect:
        this.#selectors.device = value;
        return;
      case REGISTER.driverFeaturesSelect:
        this.#selectors.driver = value;
        return;
      case REGISTER.driverFeatures:
        if (this.#selectors.driver < 2n) this.#accepted = withWord(this.#accepted, this.#selectors.driver, value);
        return;
      case REGISTER.queueSelect:
        this.#selectors.queue = value;
        return;
      case REGISTER.queueSize:
        if (queue !== undefined) queue.size = value;
        return;
      case REGISTER.queueReady:
        if (queue !== undefined) queue.ready = (value & 1n) === 1n;
        return;
      case REGISTER.queueNotify:
        this.#notify(Number(value));
        return;
      case REGISTER.interruptAcknowledge:
        this.#interrupts &= ~value;
        return;
      case REGISTER.status:
        this.#setStatus(value);
        return;
      default:
        if (QUEUE_ADDRESSES.has(offset)) queue?.addresses.set(offset, value);
    }
  }

  get #queue(): Queue | undefined {
    return this.#queues[Number(this.#selectors.queue)];
  }

  #notify(number: number): void {
    if (this.#queues[number]?.ready !== true) return;
    this.notified.push(number);
    this.#interrupts |= USED_BUFFER;
  }

  /** Section 2.1: 0 resets; FEATURES_OK stays clear if the driver accepted what was not offered, or not VIRTIO_F_VERSION_1. */
  #setStatus(value: bigint): void {
    const status = value & 0xffn;
    if (status === 0n) {
      this.#reset();
      return;
    }
    const agreed = (this.#accepted & ~this.#features) === 0n && (this.#accepted & VERSION_1) !== 0n;
    this.#status = agreed ? status : status & ~FEATURES_OK;
  }

  #reset(): void {
    this.#queues = Array.from({ length: this.#count }, () => ({ size: 0n, ready: false, addresses: new Map() }));
    this.#accepted = 0n;
    this.#selectors = { device: 0n, driver: 0n, queue: 0n };
    this.#interrupts = 0n;
    this.#status = 0n;
  }

  #readConfiguration(offset: number, size: number): bigint {
    let value = 0n;
    for (let at = size - 1; at >= 0; at--) value = (value << 8n) | BigInt(this.#configuration[offset + at] ?? 0);
    return value;
  }
}

function wordOf(value: bigint, word: bigint): bigint {
  return word < 2n ? (value >> (32n * word)) & 0xffff_ffffn : 0n;
}

function withWord(value: bigint, word: bigint, bits: bigint): bigint {
  const shift = 32n * word;
  return (value & ~(0xffff_ffffn << shift)) | (bits << shift);
}
