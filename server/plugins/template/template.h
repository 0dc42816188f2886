// `template`: replies whose records are made of the query by Go templates. The directives of a server block are one
// plugin, which tries them in their order.
#pragma once

#include <re2/re2.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "config/template_options.h"
#include "server/dns/record_text.h"
#include "server/plugins/metadata.h"
#include "server/plugins/open_counter.h"
#include "server/plugins/plugin.h"

namespace podnamed::plugins {

class Template : public Plugin {
 public:
  // `templates` must outlive this.
  Template(const std::vector<config::TemplateOptions>& templates, const Metadata::Sources& metadata,
           OpenCounter open_counter);

  std::string_view name() const override { return "template"; }
  Next OnQuery(Exchange& exchange) override;
  void OnIdle() override { metadata_.Refresh(); }

 private:
  struct Record {
    const config::TemplateOptions::Record* options;
    std::optional<dns::ParsedRecord> fixed;  // of a text that does not depend on the query
  };
  struct Expression {
    std::unique_ptr<RE2> expression;
    std::vector<std::pair<std::string, size_t>> group_names;
  };
  struct Rule {
    const config::TemplateOptions* options;
    std::vector<std::string> zones;  // as texts, in the order of the options
    std::vector<Expression> expressions;
    std::vector<Record> answer;
    std::vector<Record> authority;
    std::vector<Record> additional;
  };
  // How a query matches a rule; points into the rule and the name's text.
  struct Match {
    const Rule* rule = nullptr;
    size_t zone = 0;                         // index among the rule's
    const Expression* expression = nullptr;  // nullptr: every name matches
    std::vector<std::string_view> groups;
  };
  enum class Verdict { kNotForIt, kNoMatch, kMatch };

  static std::vector<Record> RecordsOf(const std::vector<config::TemplateOptions::Record>& options);
  Verdict Find(const Rule& rule, const Exchange& exchange, Match& match);
  // False, with the exchange's error, if a record cannot be made.
  bool MakeReply(const Match& match, Exchange& exchange);
  bool MakeRecords(const std::vector<Record>& records, std::string_view section, const Match& match, Exchange& exchange,
                   std::vector<dns::RecordSet>& sets);
  // An alias among the answers to a question for addresses leads to what this server says of its target.
  Next Resolve(Exchange& exchange);
  // Of `record`, in `section`, if it is about one.
  void Count(std::string_view name, const Exchange& exchange, const Match& match, const Record* record = nullptr,
             std::string_view section = {});

  // What a series is of: a rule or a record of it, a server, a zone, a class, a type, and its name.
  using SeriesKey = std::tuple<const void*, const Entrance*, size_t, dns::RecordClass, std::string, std::string_view>;

  std::vector<Rule> rules_;
  Metadata metadata_;
  OpenCounter open_counter_;
  std::map<SeriesKey, base::Counter*> counters_;
  std::string text_;  // of the name at hand
};

}  // namespace podnamed::plugins
