export {
  BASES, BYTE_MASKS, CHUNK, COLUMNS, DESCRIPTORS, DESCRIPTORS_SIZE, EQUALS, EXTENSIONS, FAULT_LIMIT, FIRSTS, FLAGS_OF, FLAG_CHECKS, GPAS, HEADS, INFORMATIONS, CPSR, KEY, WANTED,
  CLASSES, CLASS_LIMIT, CLASS_SIZE, NEEDED, OPERATORS, PLANS, PLAN_LIMIT, PLAN_SIZE,
  OFFSETS, REGISTERS, SECONDS, SINGLE, SLOTS, STATE, WORDS, ZEROS,
} from "./memory";
// Some of these are not for the wrapper: what is exported is not compiled into the loop, which then has more registers.
export { countDeclined, elementOf, unpack32, unpack64 } from "./columns";
export { slowFault } from "./registers";
export { guardPlanned, headsOf, prepareSinglePlanned, runArm, runPlain, runPlainArm, runPlanned, runSlow, runSlowArm, singleArm, singlePlanned, unpackPlanned } from "./plans";
export { guardA64, lacksRegister, prepareSingleA64, setUpA64, runA64, singleA64, unpackA64 } from "./a64";
