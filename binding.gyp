{
  'variables': {
    # `node-gyp rebuild --sanitize=1` builds with AddressSanitizer and UndefinedBehaviorSanitizer.
    'sanitize%': 0,
    # The folder with what only this platform has; everything else is shared.
    'conditions': [
      ['OS=="win"', { 'platform_folder': 'windows' }, { 'platform_folder': 'posix' }],
    ],
  },
  'targets': [
    {
      'target_name': 'virtual_smartcard',
      'sources': [
        'native/addon.cc',
        "<!@(node -p \"process.argv.slice(1).flatMap((folder) => fs.readdirSync('native/' + folder, { recursive: true }).filter((name) => name.endsWith('.cc')).sort().map((name) => 'native/' + folder + '/' + name.replaceAll(path.sep, '/'))).join(' ')\" node <(platform_folder))",
      ],
      'include_dirs': ['native'],
      'dependencies': [
        "<!(node -p \"require('node-addon-api').targets\"):node_addon_api_except",
      ],
      # A worker thread that is terminated cannot throw any more: that ends the thread, not the process.
      'defines': ['NAPI_VERSION=8', 'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS'],
      'conditions': [
        ['OS=="win"', {
          'defines': ['WIN32_LEAN_AND_MEAN', 'NOMINMAX', 'UNICODE', '_UNICODE', '_WIN32_WINNT=0x0A00'],
          # winscard.dll, tbs.dll, ncrypt.dll and crypt32.dll are not here: they are loaded by their full path.
          'libraries': ['-lole32.lib', '-loleaut32.lib', '-lsetupapi.lib', '-ladvapi32.lib', '-luser32.lib', '-luuid.lib'],
          'msvs_configuration_attributes': { 'SpectreMitigation': 'Spectre' },
          'msvs_settings': {
            'VCCLCompilerTool': {
              'ExceptionHandling': 1,
              'WarningLevel': 4,
              'AdditionalOptions': ['/std:c++17', '/guard:cf', '/sdl', '/permissive-', '/utf-8', '/Zc:__cplusplus'],
            },
            'VCLinkerTool': { 'AdditionalOptions': ['/guard:cf'] },
          },
        }],
        ['OS!="win"', {
          'cflags_cc': [
            '-std=c++17', '-Wall', '-Wextra', '-fvisibility=hidden', '-fvisibility-inlines-hidden',
          ],
        }],
        # Control-flow enforcement of the processor; arm64 has no such linker option.
        ['OS=="win" and target_arch=="x64"', {
          'msvs_settings': { 'VCLinkerTool': { 'AdditionalOptions': ['/CETCOMPAT'] } },
        }],
        ['OS=="mac"', {
          'defines': ['LIBTPMS_FILE="libtpms.0.dylib"', 'LIBTPMS_BINDING=0'],
          'xcode_settings': {
            'GCC_ENABLE_CPP_EXCEPTIONS': 'YES',
            'CLANG_CXX_LANGUAGE_STANDARD': 'c++17',
            'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
          },
        }],
        ['OS=="linux"', {
          'defines': ['LIBTPMS_FILE="libtpms.so.0"'],
          'libraries': ['-ldl', '-pthread'],
          # Never unmapped: a worker thread's end must not take code away from a thread that still uses it.
          'ldflags': ['-Wl,-z,nodelete', '-Wl,-z,relro', '-Wl,-z,now', '-Wl,-z,noexecstack'],
        }],
        ['OS=="linux" and sanitize==0', {
          # Plainly linked, libtpms would take OpenSSL's functions from Node's own binary.
          'defines': ['LIBTPMS_BINDING=RTLD_DEEPBIND'],
          'cflags_cc': ['-fstack-protector-strong', '-fstack-clash-protection', '-U_FORTIFY_SOURCE', '-D_FORTIFY_SOURCE=2'],
        }],
        ['OS=="linux" and sanitize==0 and target_arch=="x64"', { 'cflags_cc': ['-fcf-protection'] }],
        ['OS=="linux" and sanitize==1', {
          # AddressSanitizer's runtime refuses RTLD_DEEPBIND.
          'defines': ['LIBTPMS_BINDING=0'],
          'cflags_cc': ['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined', '-fno-omit-frame-pointer', '-g', '-O1'],
          'ldflags': ['-fsanitize=address,undefined'],
        }],
      ],
    },
  ],
  'conditions': [
    # pcscd's driver for our readers: a shared library of its own, without anything of Node.
    ['OS=="linux"', {
      'targets': [
        {
          'target_name': 'virtual-smartcard-ifd',
          # Not a loadable module, to which node-gyp gives the name of an addon.
          'type': 'shared_library',
          'product_prefix': '',
          'sources': [
            "<!@(node -p \"fs.readdirSync('native/ifd').filter((name) => name.endsWith('.cc')).sort().map((name) => 'native/ifd/' + name).join(' ')\")",
          ],
          'include_dirs': ['native'],
          'cflags_cc!': ['-fno-exceptions', '-fno-rtti'],
          'cflags_cc': [
            '-std=c++17', '-Wall', '-Wextra', '-fvisibility=hidden', '-fvisibility-inlines-hidden',
            '-fstack-protector-strong', '-fstack-clash-protection', '-U_FORTIFY_SOURCE', '-D_FORTIFY_SOURCE=2',
          ],
          'libraries': ['-ldl', '-pthread'],
          # Never unmapped: pcscd may close a reader while a call of its still runs.
          'ldflags': ['-Wl,-z,nodelete', '-Wl,-z,relro', '-Wl,-z,now', '-Wl,-z,noexecstack', '-Wl,-z,defs'],
          'conditions': [
            ['target_arch=="x64"', { 'cflags_cc': ['-fcf-protection'] }],
          ],
        },
      ],
    }],
  ],
}
