// One zone of a zone file, read again when the file or one that it includes has changed. One thread.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "server/dns/name.h"
#include "server/plugins/file_stamp.h"
#include "server/zone/zone.h"

namespace podnamed::plugins {

class ZoneLoader {
 public:
  // When a file that has changed is the zone's next state.
  enum class Decision : uint8_t {
    kBySerial,  // when the serial of its SOA has changed too
    kByTime,
  };

  // `log` is who says something in the log: "plugin/file".
  ZoneLoader(std::string log, std::string path, const dns::Name& origin, Decision decision)
      : log_(std::move(log)), path_(std::move(path)), origin_(origin.Folded()), decision_(decision) {}

  const dns::Name& origin() const { return origin_; }
  // nullptr until there has been a sound file.
  const std::shared_ptr<const zone::Zone>& zone() const { return zone_; }

  // True if zone() is another one now. What is read, and what is not and why, is in the log; a file that is missing or
  // wrong changes nothing.
  bool Reload();
  // The same for the first time, for those who go no further with a file that is wrong: nothing is logged, the error
  // says all. NotFound if there is no file.
  absl::Status Load();

 private:
  using Stamps = std::vector<std::pair<std::string, FileStamp>>;

  absl::Status Read();
  bool HasChanged() const;
  void Tell() const;

  const std::string log_;
  const std::string path_;
  const dns::Name origin_;
  const Decision decision_;
  Stamps seen_;  // of all files that the zone was last read from
  std::shared_ptr<const zone::Zone> zone_;
  std::shared_ptr<const zone::Zone> read_;  // by the last Read
  std::vector<std::string> warnings_;
};

}  // namespace podnamed::plugins
