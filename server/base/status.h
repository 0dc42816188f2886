// Early return on a failed absl::Status, until our Abseil brings its own macros.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define PODNAMED_CONCAT_INNER(a, b) a##b
#define PODNAMED_CONCAT(a, b) PODNAMED_CONCAT_INNER(a, b)

// RETURN_IF_ERROR(DoIt()); returns the status from the calling function unless it is OK.
#define RETURN_IF_ERROR(expression)                                         \
  do {                                                                      \
    if (absl::Status status_ = (expression); !status_.ok()) return status_; \
  } while (false)

// ASSIGN_OR_RETURN(auto value, MakeIt()); assigns the value, or returns the status from the calling function.
#define ASSIGN_OR_RETURN(declaration, expression) \
  PODNAMED_ASSIGN_OR_RETURN(PODNAMED_CONCAT(status_or_, __LINE__), declaration, expression)
#define PODNAMED_ASSIGN_OR_RETURN(status_or, declaration, expression) \
  auto status_or = (expression);                                      \
  if (!status_or.ok()) return std::move(status_or).status();          \
  declaration = *std::move(status_or)
