/** The module of undici's `Agent`, loaded without the rest of the package. */
export { Agent as default } from "undici";
