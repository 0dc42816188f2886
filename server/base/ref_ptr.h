// A counted pointer for structure that many revisions of the state share. The count is a plain integer: copying and
// dropping belong to the one thread that writes the state; other threads only read through what they were handed
// (state/snapshot_holder.h says how that is kept). T has a mutable `uint32_t references` that starts at 0 and a
// `static void Destroy(const T*)`.
#pragma once

#include <cstdint>
#include <utility>

namespace podnamed::base {

template <typename T>
class RefPtr {
 public:
  RefPtr() = default;
  explicit RefPtr(T* object) : object_(object) {
    if (object_ != nullptr) ++object_->references;
  }
  RefPtr(const RefPtr& other) : RefPtr(other.object_) {}
  RefPtr(RefPtr&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  RefPtr& operator=(RefPtr other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~RefPtr() {
    if (object_ != nullptr && --object_->references == 0) T::Destroy(object_);
  }

  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  T* object_ = nullptr;
};

}  // namespace podnamed::base
