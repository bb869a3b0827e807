import { describeScale } from "./register-scale.test.help.ts";

describeScale(400, 8);
