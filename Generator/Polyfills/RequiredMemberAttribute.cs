using Microsoft.CodeAnalysis;

namespace System.Runtime.CompilerServices;

/// <summary>The compiler marks <c>required</c> members with this attribute.</summary>
[Embedded]
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Field | AttributeTargets.Property, Inherited = false)]
internal sealed class RequiredMemberAttribute : Attribute;
