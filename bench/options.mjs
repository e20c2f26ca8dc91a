import { contenders, documents } from "./contenders/contenders.mjs";

// What the commands are told, looked at before anything is started. Each throws one line that says what would be right.

export function wholeNumber(name, text) {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} must be a whole number from 1`);
  return number;
}

/** @returns {string[]} names of contenders, all of them when none are named */
export function contenderNames(option, list) {
  if (list === undefined) return Object.keys(contenders);
  return [...new Set(list.split(",").map((name) => contenderName(option, name)))];
}

export function contenderName(option, name) {
  return oneOf(option, name, Object.keys(contenders));
}

export function documentName(option, name) {
  return oneOf(option, name, Object.keys(documents));
}

export function resultsName(name) {
  if (name !== undefined && !/^\w[\w.-]*$/.test(name))
    throw new Error(
      "--results must be a name of letters, digits, dots and hyphens: it becomes part of a file's name",
    );
  return name;
}

function oneOf(option, name, known) {
  if (!known.includes(name))
    throw new Error(`--${option}: there is no "${name}"; there are ${known.join(", ")}`);
  return name;
}
