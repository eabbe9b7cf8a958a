#if NETSTANDARD2_0
namespace Cameo.Generator.Strings;
#else
namespace Cameo.Kernels;
#endif

/// <summary>A regular expression is not one of RE2's syntax, or larger than is supported.</summary>
internal sealed class PatternException(string message) : Exception(message);
