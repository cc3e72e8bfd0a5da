// Reads the output of `aws ecs describe-task-definition --include TAGS`, and writes the input of
// `register-task-definition` for the same task with the given image: nothing if it already has that image.
import { readFileSync } from "node:fs";

const CONTAINER = "pardot-etl";
/** Members that ECS returns for a revision and does not accept. All others are kept, even ones added to ECS later. */
const SAID = new Set([
  "taskDefinitionArn",
  "revision",
  "status",
  "requiresAttributes",
  "compatibilities",
  "registeredAt",
  "registeredBy",
  "deregisteredAt",
]);

/**
 * @typedef {{ name: string, image?: string | undefined }} Container
 * @typedef {{ taskDefinition: { containerDefinitions: Container[] }, tags?: object[] }} Described
 */
const described = /** @type {Described} */ (JSON.parse(readFileSync(0, "utf8")));
const { taskDefinition, tags = [] } = described;
const [image] = process.argv.slice(2);
const container = taskDefinition.containerDefinitions.find(({ name }) => name === CONTAINER);
if (container === undefined) {
  process.stderr.write(`it has no container named ${CONTAINER}\n`);
  process.exitCode = 1;
} else if (container.image !== image) {
  container.image = image;
  const taken = Object.entries(taskDefinition).filter(([name]) => !SAID.has(name));
  const next = { ...Object.fromEntries(taken), ...(tags.length > 0 ? { tags } : {}) };
  process.stdout.write(`${JSON.stringify(next, null, 2)}\n`);
}
