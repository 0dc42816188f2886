#include "config/pprof_directive.h"

namespace podnamed::config {

void ReadPprof(const Directive& line, ServerBlockOptions& /*block*/, const Context& context) {
  context.errors.Add(line.name.position,
                     "pprof is the profiler of Go programs, and podnamed is none; expected no such line: \"perf record "
                     "-g -p PID\" profiles it as it runs, and prometheus tells its memory and CPU time");
}

}  // namespace podnamed::config
