/**
 * A device as its registers: what a driver sees of it. To write one, fulfil this and hand it to `deviceHost`:
 *
 *     const lamp: DeviceModel = { name: "lamp", size: 4, read: () => state, write: (_offset, _size, value) => { state = value & 1n; } };
 *
 * The rules: `offset` and `size` bytes lie within `size` of the model; a value that is read may be wider than `size`, and its low bytes
 * count; a value that is written is `size` bytes. A register that does not exist, or not in this size, reads as zero and ignores
 * writes, as most buses have it: a model never throws. A model keeps its state from fault to fault.
 */
export interface DeviceModel {
  /** One word, for people. */
  readonly name: string;
  /** Bytes of its registers. */
  readonly size: number;
  read(offset: number, size: 1 | 2 | 4 | 8): bigint;
  write(offset: number, size: 1 | 2 | 4 | 8, value: bigint): void;
}
