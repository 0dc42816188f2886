// A JSON value as a message, by protobuf reflection: JSON names, a Time as its text, an IntOrString as either; fields
// that the message does not have, or that are of another type, are passed over (the API server has checked its
// objects). Pure.
#pragma once

#include <google/protobuf/message.h>

#include <boost/json/fwd.hpp>

namespace podnamed::kube {

// REQUIRES: `message` is empty.
void FillFromJson(const boost::json::value& value, google::protobuf::Message* message);

}  // namespace podnamed::kube
