/**
 * Names and arities of a whole specification: a check compiles only what it needs, so a definition that nothing uses could
 * hold anything. Looks at every definition of the user's modules that the root module can see, not inside temporal formulas.
 */
import { TlaError } from "../errors.ts";
import { codeOf } from "../eval/calls.ts";
import { createModel, type ModelSource } from "../eval/model.ts";
import { builtinModules } from "../modules/builtin.ts";

/** Throws TlaError (syntax, resolve, config) at the first name that stands for nothing or is used with too many arguments. */
export function checkNames(source: ModelSource): void {
  const model = createModel(source);
  for (const entity of model.scope.names.values()) {
    if (entity.kind !== "definition" || entity.up !== undefined || builtinModules.has(entity.module)) continue;
    try {
      codeOf(model.compiler, entity);
    } catch (error) {
      // What has no value (1 + "a") is an error only where it is evaluated.
      if (!(error instanceof TlaError) || error.kind !== "evaluation") throw error;
    }
  }
}
