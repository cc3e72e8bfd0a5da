#!/usr/bin/env node
/// <reference types="node" />
// Plain old JavaScript on purpose: every Node can run it, as a script or as a module, before the rest of the package, and
// it reports the version that is needed. Nothing newer than 2015, and neither import nor require, since one of the two
// kinds lacks it.
(function () {
  "use strict";
  var NEEDED = [22, 18];
  var found = process.versions.node.split(".").map(Number);
  var isOld = found[0] < NEEDED[0] || (found[0] === NEEDED[0] && found[1] < NEEDED[1]);
  if (isOld) {
    process.stderr.write(
      "pardot-etl needs Node >=" + NEEDED.join(".") + "; this is Node " + process.versions.node + "\n",
    );
    process.exitCode = 2;
    return;
  }
  // Limits for memory: 160 MB resident instead of 303 for all objects of a medium account. Downloads collect the young generation
  // (http/body.ts), and all threads share an arena of the C library. Both are read only at startup, so the program restarts
  // itself once, with the same process id and streams.
  var limits = ["--max-semi-space-size=8", "--heap-growing-percent=100", "--expose-gc"];
  var cannot = typeof process.execve !== "function" || process.platform === "win32" || process.permission;
  if (cannot || process.connected || /^(?:help|-h|--help|-V|--version)$/m.test(process.argv.slice(2).join("\n"))) {
    // Windows, Node 23.0 to 23.10 and `--permission` cannot restart, a channel to a parent process would close, and a restart
    // would double the time of a help page. This option keeps memory as low, at up to twice the processor time.
    process.getBuiltinModule("v8").setFlagsFromString("--optimize-for-size");
  } else if (process.execArgv.indexOf(limits[0]) < 0) {
    var words = [process.execPath].concat(process.execArgv, limits, process.argv.slice(1));
    process.execve(process.execPath, words, Object.assign({ MALLOC_ARENA_MAX: "1" }, process.env));
  }
  // Caches compiled code between starts: --help takes half the time.
  var modules = process.getBuiltinModule("module");
  if (modules.enableCompileCache) modules.enableCompileCache();
  // npm starts it through a link.
  var entry = process.getBuiltinModule("fs").realpathSync(process.argv[1]);
  var load = modules.createRequire(entry);
  var edge = /** @type {{ start: () => Promise<void> }} */ (load("./cli/start.ts"));
  void edge.start();
})();
