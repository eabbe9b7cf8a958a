using Microsoft.CodeAnalysis;

namespace System.Runtime.CompilerServices;

/// <summary>The compiler marks types with <c>required</c> members with this attribute.</summary>
[Embedded]
[AttributeUsage(AttributeTargets.All, AllowMultiple = true, Inherited = false)]
internal sealed class CompilerFeatureRequiredAttribute(string featureName) : Attribute
{
    public string FeatureName { get; } = featureName;

    public bool IsOptional { get; init; }
}
