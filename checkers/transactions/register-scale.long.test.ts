import { describeScale } from "./register-scale.test.help.ts";

describeScale(1000, 100);
describeScale(2000, 20);
