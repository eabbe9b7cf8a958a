#if NETSTANDARD2_0
namespace Cameo.Generator.Strings;
#else
namespace Cameo.Kernels;
#endif

/// <summary>What a regular expression can ask of a position without taking a character.</summary>
internal enum PatternAssertion
{
    TextStart,
    TextEnd,
    LineStart,
    LineEnd,
    WordBoundary,
    NoWordBoundary,
}
