import { chaos } from "../test/chaos/command.ts";

process.exitCode = await chaos(process.argv.slice(2));
