// Stands where Windows has TpmVscMgrSvr.exe and RmtTpmVscMgrSvr.exe: the COM server, out of
// process, of the virtual smart card managers. With -RegServer it registers itself and ends.
#include <objbase.h>

#include <cstring>

#include "server/class_factory.h"
#include "server/registration.h"
#include "server/service.h"

int main(int count, char** arguments) {
  if (count > 1 && std::strcmp(arguments[1], "-RegServer") == 0) {
    return lab::RegisterClasses() == ERROR_SUCCESS ? 0 : 1;
  }
  if (FAILED(CoInitializeEx(nullptr, COINIT_MULTITHREADED))) return 1;
  static lab::ClassFactory factory;
  lab::Service& service = lab::Service::Instance();
  service.Offer(lab::kLocalManagerClass, &factory);
  service.Offer(lab::kRemoteManagerClass, &factory);
  service.Serve();
}
