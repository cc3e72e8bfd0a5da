import type { Dispatcher } from "undici";

/** The module that undici's `request` is made of: sends one request through the dispatcher it is called on. */
declare function request(this: Dispatcher, options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData>;
export default request;
