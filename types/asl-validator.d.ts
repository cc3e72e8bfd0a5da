/** The part of asl-validator that is used here; the package has no declarations. It writes defaults into its argument. */
declare function validate(definition: unknown): { isValid: boolean; errorsText: (separator?: string) => string };
export default validate;
