// For tests only: records of the feed as short lines of text.
#pragma once

#include <string>
#include <vector>

#include "proto/podnamed/feed/v1/feed.pb.h"

namespace podnamed::controller {

// One line a record, in the order given, absent things left out:
//   namespace default
//   service default/nginx headless http:80/TCP
//   identity default/nginx/web-0 pod host=web-0 10.244.0.5 http:80/TCP ready serving #0
//   pod default/debug 10.244.0.9
std::string ToText(const std::vector<feed::v1::Record>& records);

}  // namespace podnamed::controller
