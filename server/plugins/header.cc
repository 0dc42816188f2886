#include "server/plugins/header.h"

namespace podnamed::plugins {

using config::HeaderFlag;

Next Header::OnQuery(Exchange& exchange) {
  for (const config::HeaderOptions::Rule& rule : options_.of_query) {
    if (rule.flag == HeaderFlag::kRecursionDesired) exchange.query->recursion_desired = rule.value;
  }
  return Next::kPass;
}

void Header::OnReply(Exchange& exchange) {
  for (const config::HeaderOptions::Rule& rule : options_.of_response) {
    switch (rule.flag) {
      case HeaderFlag::kAuthoritative:
        exchange.authoritative = rule.value;
        break;
      case HeaderFlag::kRecursionAvailable:
        exchange.recursion_available = rule.value;
        break;
      case HeaderFlag::kRecursionDesired:
        exchange.asked.recursion_desired = rule.value;  // which the reply repeats
        break;
    }
  }
}

}  // namespace podnamed::plugins
