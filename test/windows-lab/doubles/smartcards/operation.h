#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <utility>

#include "smartcards/interfaces.h"
#include "smartcards/runtime_object.h"

namespace lab {

/** How an operation goes, as a test has scripted it: README.md. */
struct Course {
  /** So often it is still under way when it is asked; nothing for ever. */
  std::optional<int> polls = 2;
  AsyncStatus end = Completed;
  HRESULT code = S_OK;
  /** It completes, and brings NULL. */
  bool nothing = false;
  /** What a question for a text is answered. */
  std::string text;
};

/** The field `operation` of a plan; throws StatusError when it has what is not known. */
Course CourseOf(const Json& plan);

/** An operation that gets its result when it is asked for. */
template <typename Result>
class Operation final : public RuntimeObject<IAsyncOperation<Result>, IAsyncInfo> {
 public:
  Operation(Course course, std::function<Result()> result)
      : course_(std::move(course)), result_(std::move(result)) {}

  HRESULT STDMETHODCALLTYPE put_Completed(IUnknown*) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE get_Completed(IUnknown**) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE GetResults(Result* result) override {
    return Method("GetResults", {}, [&](const Json&) {
      RequireReceiver(result);
      Require(status_ == Completed, kIllegalMethodCall);
      if (!course_.nothing) *result = result_();
    });
  }

  HRESULT STDMETHODCALLTYPE get_Id(UINT32*) override { return E_NOTIMPL; }
  /** Not announced: it is asked too often. */
  HRESULT STDMETHODCALLTYPE get_Status(AsyncStatus* status) override {
    if (!status) return E_POINTER;
    if (status_ == Started && course_.polls && polls_++ >= *course_.polls) status_ = course_.end;
    *status = status_;
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE get_ErrorCode(HRESULT* code) override {
    return Method("get_ErrorCode", {}, [&](const Json&) {
      Require(code != nullptr, static_cast<uint32_t>(E_POINTER));
      *code = status_ == Error ? course_.code : S_OK;
    });
  }
  HRESULT STDMETHODCALLTYPE Cancel() override {
    return Method("Cancel", {}, [&](const Json&) { status_ = Canceled; });
  }
  HRESULT STDMETHODCALLTYPE Close() override {
    return Method("Close", {},
                  [&](const Json&) { Require(status_ != Started, kIllegalMethodCall); });
  }

 protected:
  void* Find(REFIID id) override {
    return id == __uuidof(IAsyncInfo) ? static_cast<IAsyncInfo*>(this) : nullptr;
  }

 private:
  const Course course_;
  const std::function<Result()> result_;
  AsyncStatus status_ = Started;
  int polls_ = 0;
};

/** The frame of a method that starts an operation. `begin` checks the arguments and returns what
 * brings the result of a course. */
template <typename Result, typename Begin>
HRESULT StartOperation(const char* call, Json::Object arguments,
                       IAsyncOperation<Result>** operation, Begin begin) {
  return Method(
      call, std::move(arguments),
      [&](const Json& plan) {
        RequireReceiver(operation);
        const Course course = CourseOf(plan);
        *operation = new Operation<Result>(course, begin(course));
      },
      "operation");
}

}  // namespace lab
