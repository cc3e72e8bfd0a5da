/**
 * Reads vitest's JSON report (`node scripts/test-summary.ts FILE`) and prints one line, `N passed, N failed, N skipped`.
 * Fails if a test failed, or if a test on the real S3 server did not run: without them a green CI proves nothing about
 * landing.
 */
import { readFile } from "node:fs/promises";

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly success: boolean;
  readonly testResults: readonly { readonly assertionResults: readonly Assertion[] }[];
}

interface Assertion {
  readonly ancestorTitles: readonly string[];
  readonly fullName: string;
  readonly status: string;
}

/** Titles of suites that must not be skipped contain this. */
const ON_REAL_S3 = "Ceph RADOS Gateway";
/** Fewer tests than this on the real server mean that the suite is missing. */
const S3_TESTS_MIN = 40;

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error("usage: node scripts/test-summary.ts FILE");
const report = JSON.parse(await readFile(path, "utf8")) as Report;
const onS3 = report.testResults
  .flatMap((file) => file.assertionResults)
  .filter((test) => test.ancestorTitles.some((title) => title.includes(ON_REAL_S3)));
const notRun = onS3.filter((test) => test.status !== "passed");
for (const test of notRun) console.error(`not passed on the S3 server: ${test.fullName} (${test.status})`);
if (onS3.length < S3_TESTS_MIN) console.error(`only ${onS3.length} tests ran on the S3 server`);

const skipped = report.numPendingTests + report.numTodoTests;
const skippedText = skipped > 0 ? `, ${skipped} skipped` : "";
console.log(`${report.numPassedTests} passed, ${report.numFailedTests} failed${skippedText}`);
if (!report.success || notRun.length > 0 || onS3.length < S3_TESTS_MIN) process.exitCode = 1;
