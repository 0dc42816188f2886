// Replies as text: tables for people, JSON for scripts (protobuf's own mapping, every field present). Pure.
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <vector>

#include "proto/podnamed/inspect/v1/inspect.pb.h"

namespace podnamed::ctl {

// Columns that line up, two spaces between them; no spaces at the ends of lines.
std::string Table(const std::vector<std::vector<std::string>>& rows);

std::string ToText(const inspect::v1::StatusResponse& response);
std::string ToText(const inspect::v1::LookupResponse& response);
std::string ToText(const inspect::v1::ExplainResponse& response);
std::string ToText(const inspect::v1::ReleaseResponse& response);
std::string ToText(const inspect::v1::ListServicesResponse& response);
std::string ToText(const inspect::v1::ListPodsResponse& response);
// One line a change.
std::string ToText(const inspect::v1::WatchResponse& response);

enum class Layout { kLines, kOneLine };
std::string ToJson(const google::protobuf::Message& message, Layout layout);

// Whether the name has what was asked for.
bool Resolves(const inspect::v1::LookupResponse& response);

}  // namespace podnamed::ctl
