// For the tests of this room: certificates made at test time, as PEM files.
#pragma once

#include <string>

namespace podnamed::upstream {

// Two files, in the test's temporary directory.
struct TestCertificate {
  std::string certificate_file;
  std::string key_file;
};

// Signs itself. `name` also names the files.
TestCertificate MakeTestCa(const std::string& name);
// For these subject alternative names: "DNS:dns.example,IP:127.0.0.1". Valid for a day that began `age_days` days ago.
TestCertificate MakeTestCertificate(const TestCertificate& ca, const std::string& name, const std::string& alternatives,
                                    int age_days = 0);

}  // namespace podnamed::upstream
