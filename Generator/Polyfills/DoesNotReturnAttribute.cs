using Microsoft.CodeAnalysis;

namespace System.Diagnostics.CodeAnalysis;

/// <summary>The method always throws.</summary>
[Embedded]
[AttributeUsage(AttributeTargets.Method, Inherited = false)]
internal sealed class DoesNotReturnAttribute : Attribute;
