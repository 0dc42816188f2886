// For the tests of this room: certificates made at test time, as PEM.
#pragma once

#include <string>
#include <vector>

namespace podnamed::kube {

struct TestCertificate {
  std::string certificate;
  std::string key;
};

// Signs itself.
TestCertificate MakeTestCa(const std::string& name);
// For these subject alternative names: "DNS:localhost", "IP:::1". Valid for a day that began `age_days` days ago.
TestCertificate MakeTestCertificate(const TestCertificate& ca, const std::vector<std::string>& names, int age_days = 0);

}  // namespace podnamed::kube
