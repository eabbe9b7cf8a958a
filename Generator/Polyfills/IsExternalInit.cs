using Microsoft.CodeAnalysis;

namespace System.Runtime.CompilerServices;

/// <summary>The compiler needs this type for <c>init</c> accessors and records.</summary>
[Embedded]
internal static class IsExternalInit;
